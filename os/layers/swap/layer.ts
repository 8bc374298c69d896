import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "swap",
  why: "Compressed swap in RAM: idle pages of apps give way without wearing out flash.",
  units: { enable: ["holdfast-zram-swap.service"] },
});
