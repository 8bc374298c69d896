import { findRoot } from "../../boot/find-root.ts";
import { main } from "../main.ts";

main(findRoot);
