export * from "./errors.ts";
export * from "./os/board.ts";
export * from "./os/layer.ts";
export * from "./units.ts";
