/**
 * What somebody asked for through the device API besides a target. The planner takes it into account, so it is carried
 * out by the apply loop like everything else, never beside it.
 */
export type Intent =
  | {
      /** Make the containers of these services anew. */
      readonly do: "restart";
      readonly appId: number;
      readonly services: readonly string[];
    }
  | { readonly do: "stop" | "start"; readonly appId: number; readonly services: readonly string[] }
  | {
      /** Remove the app's containers and volumes; then everything is made anew. */
      readonly do: "purge";
      readonly appId: number;
      readonly appUuid: string;
    };

/** Intents as the planner looks at them. */
export type IntentView = {
  /** Ids of containers that are to be made anew. */
  readonly replace: ReadonlySet<string>;
  /** Ids of containers that are to be stopped, or stay so. */
  readonly stopped: ReadonlySet<string>;
  /** Ids of containers that are to be started, though they have run and ended. */
  readonly start: ReadonlySet<string>;
  /** Apps whose containers and volumes go before anything of theirs is made: id -> uuid. */
  readonly purge: ReadonlyMap<number, string>;
};

/** Nothing was asked for. */
export const noIntents: IntentView = { replace: new Set(), stopped: new Set(), start: new Set(), purge: new Map() };
