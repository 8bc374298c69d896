import { applyBoardSetting } from "../../hardware/board-setting.ts";
import { main } from "../main.ts";

main((machine, [setting]) => applyBoardSetting(machine, setting));
