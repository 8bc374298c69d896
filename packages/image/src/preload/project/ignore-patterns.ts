/**
 * Compiles the text of a .dockerignore into a test of paths (without leading slash): the last pattern that matches a path
 * or a directory above it decides, `!` brings back. Same rules as `docker build` (moby/patternmatcher). Pure.
 */
export function compileIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const negated = line.startsWith("!");
      const pattern = (negated ? line.slice(1) : line).trim().replace(/^\/+/, "").replace(/\/+$/, "");
      return { negated, expression: new RegExp(`^${patternSource(pattern)}(?:/.*)?$`) };
    });
  return (path) => {
    let ignored = false;
    for (const { negated, expression } of rules) {
      if (expression.test(path)) ignored = !negated;
    }
    return ignored;
  };
}

function patternSource(pattern: string): string {
  return pattern
    .split(/(\*\*\/|\*\*|\*|\?|\[[^\]]+\])/)
    .map((part) => {
      if (part === "**/") return "(?:.*/)?";
      if (part === "**") return ".*";
      if (part === "*") return "[^/]*";
      if (part === "?") return "[^/]";
      return part.startsWith("[") && part.endsWith("]") ? part : part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
}
