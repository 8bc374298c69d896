import { watchEngine } from "../../engine/watch-engine.ts";
import { main } from "../main.ts";

main(watchEngine);
