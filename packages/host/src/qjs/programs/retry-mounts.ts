import { retryMounts } from "../../disk/retry-mounts.ts";
import { main } from "../main.ts";

main(retryMounts);
