import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "update",
  why: "Boot counting: only the confirm program blesses a boot.",
  units: { mask: ["systemd-bless-boot.service"] },
  drop: ["usr/lib/systemd/system-generators/systemd-bless-boot-generator"],
});
