import { applyFirewall } from "../../firewall/apply-firewall.ts";
import { main } from "../main.ts";

main(applyFirewall);
