/** Codes of the image builder. */
export const imageErrors = {
  "image.invalid-layer": "A layer definition has a wrong or unknown field.",
  "image.invalid-board": "A board definition has a wrong or unknown field.",
  "image.unknown-layer": "No layer has that name.",
  "image.unknown-board": "No board has that name.",
  "image.unknown-variant": "No variant has that name.",
  "image.path-conflict": "Two packages or layers bring the same path.",
  "image.unlisted-account": "A user or group has no number in the ledger.",
  "image.unknown-unit": "A layer enables a unit that does not exist.",
  "image.unknown-module": "A kernel module that a layer names does not exist.",
  "image.unaccounted-script": "A package has a maintainer script that nobody accounted for.",
  "image.unresolved-library": "A program needs a library that the image does not hold.",
} as const;
