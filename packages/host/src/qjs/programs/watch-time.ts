import { watchTime } from "../../clock/watch-time.ts";
import { main } from "../main.ts";

main(watchTime);
