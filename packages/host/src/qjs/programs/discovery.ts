import { followDiscovery } from "../../discovery/follow-discovery.ts";
import { main } from "../main.ts";

main(followDiscovery);
