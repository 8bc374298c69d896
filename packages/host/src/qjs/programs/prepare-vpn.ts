import { prepareVpn } from "../../vpn/prepare-vpn.ts";
import { main } from "../main.ts";

main(prepareVpn);
