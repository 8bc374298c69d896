// As much of MQTT 3.1.1 (OASIS standard) over WebSocket as a page needs that listens to one topic.

const CONNECT = 0x10;
const CONNACK = 0x20;
const PUBLISH = 0x30;
const SUBSCRIBE = 0x82;
const PINGREQ = 0xc0;
const KEEP_ALIVE_S = 30;
const RETRY_MS = 2000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const uint16 = (value) => [value >> 8, value & 0xff];
const string = (text) => {
  const bytes = encoder.encode(text);
  return [...uint16(bytes.length), ...bytes];
};

function packet(type, body) {
  const length = [];
  let rest = body.length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  return new Uint8Array([type, ...length, ...body]);
}

const connectPacket = () =>
  packet(CONNECT, [
    ...string("MQTT"),
    4,
    2,
    ...uint16(KEEP_ALIVE_S),
    ...string(`page-${Math.random().toString(36).slice(2, 12)}`),
  ]);

/** Takes whole packets from the front of `bytes`; gives them and what is left. */
function takePackets(bytes) {
  const packets = [];
  let at = 0;
  for (;;) {
    let length = 0;
    let shift = 0;
    let body = at + 1;
    for (;;) {
      if (body >= bytes.length) return { packets, rest: bytes.slice(at) };
      const digit = bytes[body++];
      length += (digit & 0x7f) << shift;
      shift += 7;
      if ((digit & 0x80) === 0) break;
    }
    if (body + length > bytes.length) return { packets, rest: bytes.slice(at) };
    packets.push({ type: bytes[at], body: bytes.slice(body, body + length) });
    at = body + length;
  }
}

/**
 * Listens to `topic` and connects again whenever the connection is lost.
 * onState gets "connecting", "live" or "lost"; onMessage gets the text of each message.
 */
export function listen(url, topic, { onState, onMessage }) {
  onState("connecting");
  const socket = new WebSocket(url, "mqtt");
  socket.binaryType = "arraybuffer";
  let rest = new Uint8Array();
  let alive;

  socket.onopen = () => {
    socket.send(connectPacket());
    alive = setInterval(() => socket.send(packet(PINGREQ, [])), (KEEP_ALIVE_S * 1000) / 2);
  };
  socket.onmessage = ({ data }) => {
    const bytes = new Uint8Array(rest.length + data.byteLength);
    bytes.set(rest);
    bytes.set(new Uint8Array(data), rest.length);
    const taken = takePackets(bytes);
    rest = taken.rest;
    for (const { type, body } of taken.packets) {
      if (type === CONNACK && body[1] === 0) {
        socket.send(packet(SUBSCRIBE, [...uint16(1), ...string(topic), 0]));
        onState("live");
      } else if ((type & 0xf0) === PUBLISH) {
        onMessage(decoder.decode(body.subarray(2 + ((body[0] << 8) | body[1]))));
      }
    }
  };
  socket.onclose = () => {
    clearInterval(alive);
    onState("lost");
    setTimeout(() => listen(url, topic, { onState, onMessage }), RETRY_MS);
  };
}
