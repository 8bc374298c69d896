import { CLOUD_LOGIN, HELPER_USER } from "../../ssh/cloud-login.ts";
import type { Action, RenderArea } from "../rendered-file.ts";

const SOCKET = "holdfast-cloud-users.socket";
const forHelper: Action = { action: "run", command: ["chgrp", HELPER_USER, CLOUD_LOGIN] };

/** Users of the fleet server log in by ssh on managed devices only: without the file nobody is told who they are. */
export const renderCloudUsers: RenderArea = ({ apiEndpoint, deviceApiKey }) => {
  const isManaged = apiEndpoint !== undefined && deviceApiKey !== undefined;
  return [
    {
      path: CLOUD_LOGIN,
      mode: 0o640,
      content: isManaged ? `${JSON.stringify({ endpoint: apiEndpoint, key: deviceApiKey })}\n` : undefined,
      place: "memory",
      onChange: isManaged ? [forHelper, { action: "start", unit: SOCKET }] : [{ action: "stop", unit: SOCKET }],
      atBoot: isManaged ? [forHelper] : [],
    },
  ];
};
