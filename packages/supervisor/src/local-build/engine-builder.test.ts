import { expect, it } from "vitest";
import { engineBuilder } from "./engine-builder.ts";

it("lists names of images, and none where another image took it", async () => {
  const listing = [
    { RepoTags: ["local_image_web:1", "web:2"] },
    { RepoTags: ["<none>:<none>"] },
    { RepoTags: null },
    {},
  ];
  const paths: string[] = [];
  const http = {
    call: async ({ path }: { path: string }) => {
      paths.push(decodeURIComponent(path));
      return listing;
    },
    stream: async () => {
      throw new Error("nothing is built");
    },
  };
  const builder = engineBuilder(http);
  expect(await builder.namesWith("a=b")).toEqual(["local_image_web:1", "web:2"]);
  expect(paths).toEqual(['/images/json?filters={"label":["a=b"]}']);
});
