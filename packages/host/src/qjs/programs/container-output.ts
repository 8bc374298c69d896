import { passOutput } from "../pass-output.ts";

std.exit(passOutput());
