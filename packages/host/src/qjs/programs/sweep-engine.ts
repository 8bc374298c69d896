import { sweepEngine } from "../../engine/sweep-engine.ts";
import { main } from "../main.ts";

main(sweepEngine);
