import { listen } from "./mqtt.js";

/** Two minutes at one message every two seconds. */
const POINTS = 60;
const WIDTH = 240;
const HEIGHT = 64;
const GIB = 1024 ** 3;

const history = new Map();
let messages = 0;

const byId = (id) => document.getElementById(id);
const gib = (bytes) => (bytes / GIB).toLocaleString(undefined, { maximumFractionDigits: 1 });
const used = ({ total, available }) => (total > 0 ? (100 * (total - available)) / total : 0);

function duration(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return [days > 0 ? `${days} d` : "", days + hours > 0 ? `${hours} h` : "", `${minutes} min`].filter(Boolean).join(" ");
}

/** Draws the last values as a line from right to left; `top` is the value at the upper edge. */
function draw(card, values, top) {
  const x = (index) => WIDTH - ((values.length - 1 - index) * WIDTH) / (POINTS - 1);
  const y = (value) => HEIGHT - 2 - (Math.min(value, top) / top) * (HEIGHT - 6);
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  card.querySelector(".line").setAttribute("d", `M${points.join("L")}`);
  card.querySelector(".area").setAttribute("d", `M${x(0)},${HEIGHT}L${points.join("L")}L${WIDTH},${HEIGHT}Z`);
}

function show(id, value, digits, detail, top) {
  const card = byId(id);
  const values = [...(history.get(id) ?? []), value].slice(-POINTS);
  history.set(id, values);
  card.hidden = false;
  card.querySelector("output").value = value.toFixed(digits);
  card.querySelector(".detail").textContent = detail;
  draw(card, values, top ?? Math.max(1, ...values) * 1.2);
}

function update(text) {
  const figures = JSON.parse(text);
  const { cpu, memory, disk, load, temperature } = figures;
  byId("device").textContent = figures.device;
  byId("uptime").textContent = `up for ${duration(figures.uptime)}`;
  byId("count").textContent = String(++messages);
  show("cpu", cpu.percent, 0, `${cpu.cores} ${cpu.cores === 1 ? "core" : "cores"}`, 100);
  show("memory", used(memory), 0, `${gib(memory.total - memory.available)} of ${gib(memory.total)} GiB in use`, 100);
  show("load", load[0], 2, `${load[1].toFixed(2)} over 5 min, ${load[2].toFixed(2)} over 15 min`);
  show("disk", used(disk), 0, `${gib(disk.available)} of ${gib(disk.total)} GiB free`, 100);
  if (temperature !== null) show("temperature", temperature, 1, "first sensor", 100);
}

listen(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`, "telemetry/host", {
  onState: (state) => {
    byId("state").dataset.state = state;
    byId("state").textContent = { connecting: "connecting", live: "live", lost: "connection lost" }[state];
  },
  onMessage: update,
});
