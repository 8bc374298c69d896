// The arrows of ARCHITECTURE.md: contracts <- image | vm | host | supervisor <- cli <- e2e <- bench. `./holdfast test` checks them.
const peers = ["image", "vm", "host", "supervisor"];
const inPackage = (name) => `^packages/${name}/`;

/** A part may import the named packages and itself, nothing else of this repository. */
const only = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: from },
  to: { path: "^(packages|os|e2e|bench|examples)/", pathNot: [from, ...allowed] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "declared-dependencies",
      comment: "A package that a package.json does not name may vanish with the next install.",
      severity: "error",
      from: { pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    only("contracts-imports-nothing", inPackage("contracts"), []),
    ...peers.map((name) => only(`${name}-imports-contracts`, inPackage(name), [inPackage("contracts")])),
    only("os-imports-contracts", "^os/", [inPackage("contracts")]),
    only("cli-imports-packages", inPackage("cli"), ["^packages/"]),
    only("e2e-imports-packages", "^e2e/", ["^packages/", "^os/"]),
    only("bench-imports-packages", "^bench/", ["^packages/", "^os/", "^e2e/(engine|fleet|machine|neighbour)/"]),
    {
      name: "tests-stay-beside",
      comment: "Product code never imports a test.",
      severity: "error",
      from: { pathNot: "\\.test\\.ts$" },
      to: { path: "\\.test\\.ts$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)node_modules/.*node_modules/" },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types"], extensions: [".ts", ".js", ".mjs", ".json"] },
  },
};
