import { ensureHostKeys } from "../../ssh/host-keys.ts";
import { main } from "../main.ts";

main(ensureHostKeys);
