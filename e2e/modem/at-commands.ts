/** What a GSM modem (3GPP TS 27.007, ITU-T V.250) with a SIM in a home network says. Words of its manufacturer are made up. */
export type SimCard = {
  readonly imsi: string;
  readonly iccid: string;
  /** The one access point of the network. */
  readonly apn: string;
  /** Access points that the modem remembers, by the number of their context: those of a former card or network, too. */
  readonly contexts: Map<number, string>;
};

const IMEI = "490154203237518";
const OPERATOR = "00101";
/** Location area and cell. */
const CELL = '"0001","0000A001"';

type Answer = readonly string[] | "ERROR" | "CONNECT";
type Known = readonly [pattern: RegExp, answer: (match: RegExpExecArray, card: SimCard) => Answer];

const silent = (): Answer => [];
const commands: readonly Known[] = [
  [/^(?:Z|E0|E1|V1|Q0|X4|&F|&C1|&D2|S0=0|\+FCLASS=0|[EVQX\d&CDS=+FLA ]+)$/, silent],
  [/^\+CMEE=\d$/, silent],
  [/^I\d?$/, () => ["Holdfast", "Scripted modem", `IMEI: ${IMEI}`, "+GCAP: +CGSM"]],
  [/^\+GCAP$/, () => ["+GCAP: +CGSM"]],
  [/^\+C?GMI$/, () => ["Holdfast"]],
  [/^\+C?GMM$/, () => ["Scripted modem"]],
  [/^\+C?GMR$/, () => ["1.0"]],
  [/^\+C?GSN$/, () => [IMEI]],
  [/^\+CIMI$/, (_, { imsi }) => [imsi]],
  [/^\+C?CCID$/, (_, { iccid }) => [`+CCID: ${iccid}`]],
  // The SIM's file EF_ICCID, its digits swapped in pairs.
  [/^\+CRSM=176,12258,0,0,10$/, (_, { iccid }) => [`+CRSM: 144,0,"${iccid.replace(/(.)(.)/g, "$2$1")}"`]],
  [/^\+CPIN\?$/, () => ["+CPIN: READY"]],
  [/^\+CFUN\?$/, () => ["+CFUN: 1"]],
  [/^\+CFUN=[014]$/, silent],
  [/^\+CLCK=\?$/, () => ['+CLCK: ("SC")']],
  [/^\+CLCK="SC",2$/, () => ["+CLCK: 0"]],
  [/^\+C(G?|E)REG=\?$/, ([, which]) => [`+C${which}REG: (0-2)`]],
  [/^\+C(G?)REG\?$/, ([, which]) => [`+C${which}REG: 2,1,${CELL},2`]],
  [/^\+CG?REG=[0-2]$/, silent],
  [/^\+CSQ$/, () => ["+CSQ: 20,99"]],
  [/^\+COPS=3,2$/, silent],
  [/^\+COPS=3,0$/, silent],
  [/^\+COPS=0(?:,.*)?$/, silent],
  [/^\+COPS\?$/, () => [`+COPS: 0,2,"${OPERATOR}",2`]],
  [/^\+WS46=\?$/, () => ["+WS46: (12,22,25)"]],
  [/^\+CGATT=[01]$/, silent],
  [/^\+CGATT\?$/, () => ["+CGATT: 1"]],
  [/^\+CGACT\?$/, () => ["+CGACT: 1,0"]],
  [/^\+CGACT=\d(?:,\d)?$/, silent],
  [/^\+CGDCONT=\?$/, () => ['+CGDCONT: (1-4),"IP",,,(0),(0)']],
  [
    /^\+CGDCONT\?$/,
    (_, { contexts }) => [...contexts].map(([number, name]) => `+CGDCONT: ${number},"IP","${name}","",0,0`),
  ],
  // A wrong access point is refused when it is set, as some networks do.
  [
    /^\+CGDCONT=(\d+),"IP","([^"]*)"/,
    ([, number, name = ""], { apn, contexts }) => {
      if (name !== apn) return "ERROR";
      contexts.set(Number(number), name);
      return [];
    },
  ],
  [/^\+CGEREP=/, silent],
  [/^\+CSCS=\?$/, () => ['+CSCS: ("IRA","GSM","UCS2")']],
  [/^\+CSCS\?$/, () => ['+CSCS: "IRA"']],
  [/^\+CSCS=/, silent],
  [/^\+CNUM$/, silent],
  [
    /^D\*99(?:\*\*\*(\d))?#$/,
    ([, number = "1"], { apn, contexts }) => (contexts.get(Number(number)) === apn ? "CONNECT" : "ERROR"),
  ],
  [/^H\d?$/, silent],
];

/** The modem's answer to one command, without its AT; what it does not know is an error, as with a real one. */
export function answerTo(command: string, card: SimCard): Answer {
  for (const [pattern, answer] of commands) {
    const match = pattern.exec(command);
    if (match !== null) return answer(match, card);
  }
  return "ERROR";
}
