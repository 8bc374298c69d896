import type { RenderArea } from "../rendered-file.ts";

/** The device contract: apps and tools look for it here. */
export const ROOT_CERTIFICATES = "/usr/share/ca-certificates/balena/balenaRootCA.crt";

/** Roots of trust besides the public ones. The engine reads them once, when it starts; its containers run on. */
export const renderRootCertificates: RenderArea = ({ rootCertificates }) => [
  {
    path: ROOT_CERTIFICATES,
    mode: 0o644,
    content: rootCertificates?.join(""),
    place: "flash",
    onChange: [
      { action: "restart", unit: "holdfast-certificates.service" },
      { action: "try-restart", unit: "balena.service" },
      { action: "try-restart", unit: "balena-supervisor.service" },
    ],
  },
];
