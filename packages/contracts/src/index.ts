export * from "./balena/index.ts";
export * from "./errors.ts";
export * from "./os/board.ts";
export * from "./os/layer.ts";
export * from "./progress.ts";
export * from "./tools.ts";
export * from "./units.ts";
export * from "./nearest-name.ts";
