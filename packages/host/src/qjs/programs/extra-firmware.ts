import { clearExtraFirmware, setExtraFirmware } from "../../hardware/extra-firmware.ts";
import { main } from "../main.ts";

main((machine, [verb]) => (verb === "clear" ? clearExtraFirmware(machine) : setExtraFirmware(machine)));
