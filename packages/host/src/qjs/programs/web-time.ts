import { followWebTime } from "../../clock/follow-web-time.ts";
import { main } from "../main.ts";

main(followWebTime);
