import type { DesiredApp } from "../spec/desired.ts";
import type { MatchedApp } from "./match.ts";

/** What the steps of one service need to know of its app. */
export type AppView = {
  readonly app: DesiredApp;
  readonly matched: MatchedApp;
  /** Every service has its image, or runs as wanted already: from here on the old release may be taken down. */
  readonly allImages: boolean;
  /** Some container of a former release is still there. */
  readonly updating: boolean;
  /** Why images of the release may not be downloaded, by reference. */
  readonly obstacles: ReadonlyMap<string, string>;
  readonly readyNetworks: ReadonlySet<string>;
  readonly readyVolumes: ReadonlySet<string>;
};
