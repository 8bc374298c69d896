import { stopApps } from "../../engine/stop-apps.ts";
import { main } from "../main.ts";

main(stopApps);
