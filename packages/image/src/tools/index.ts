export * from "./firmware.ts";
export * from "./tool-command.ts";
export { type ToolTreeName, toolTrees } from "./tool-packages.ts";
export * from "./tools-tree.ts";
