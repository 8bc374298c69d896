/** Codes of the image builder. */
export const imageErrors = {
  "image.invalid-layer": "A layer definition has a wrong or unknown field.",
  "image.invalid-board": "A board definition has a wrong or unknown field.",
  "image.unknown-layer": "No layer has that name.",
  "image.unknown-board": "No board has that name.",
  "image.unknown-variant": "No variant has that name.",
} as const;
