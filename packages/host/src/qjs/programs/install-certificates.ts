import { installCertificates } from "../../certificates/install-certificates.ts";
import { main } from "../main.ts";

main(installCertificates);
