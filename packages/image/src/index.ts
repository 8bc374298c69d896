export * from "./apt/index.ts";
export { parseConfig } from "./build/boot-entries.ts";
export { type BuiltImage, buildImage, type ImageOptions, parseVariant } from "./build/build-image.ts";
export { type Programs, type Variant, variants, type Workshop } from "./build/build-options.ts";
export { type BuiltSlot, buildSlot, type SlotFacts } from "./build/build-slot.ts";
export { lockFile, readBoard } from "./build/resolve-board.ts";
export * from "./cache/index.ts";
export { listBoards, listLayers, loadBoard, loadLayers } from "./compose/load-definitions.ts";
export * from "./tools/index.ts";
