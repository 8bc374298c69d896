/** What the probe guest prints to its first serial port. */
export const PROBE_BYTE = 0x4b;

const ROM_BYTES = 65_536;
const RESET_VECTOR = 0xfff0;
/** Where the ROM's first byte is seen by a processor below 1 MiB. */
const ROM_ADDRESS = 0xf0000;
const GDT = 0x100;
const GDT_POINTER = 0x120;
const PROTECTED = 0x40;

const uint16 = (value: number) => [value & 0xff, (value >> 8) & 0xff];
const uint32 = (value: number) => [...uint16(value & 0xffff), ...uint16(value >>> 16)];

/**
 * A whole PC firmware of a few instructions: enter protected mode, use the floating-point and the vector unit, write one
 * byte to the serial port at 0x3f8, halt. Printing alone would prove too little: there are accelerators that emulate
 * simple instructions and give up at the first floating-point one, which every firmware and kernel has.
 */
export function probeGuest(): Buffer {
  const rom = Buffer.alloc(ROM_BYTES, 0x90);
  // 16-bit: cli; lgdt cs:[GDT_POINTER]; cr0 |= 1; jmp 0x08:PROTECTED
  const real = [0xfa, 0x2e, 0x0f, 0x01, 0x16, ...uint16(GDT_POINTER), 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0];
  rom.set([...real, 0x66, 0xea, ...uint32(ROM_ADDRESS + PROTECTED), 0x08, 0x00], 0);
  // 32-bit: finit; cr4 |= OSFXSR | OSXMMEXCPT; xorps xmm0, xmm0
  const units = [0x9b, 0xdb, 0xe3, 0x0f, 0x20, 0xe0, 0x0d, ...uint32(0x600), 0x0f, 0x22, 0xe0, 0x0f, 0x57, 0xc0];
  // mov dx, 0x3f8; mov al, byte; out dx, al; halt: hlt; jmp halt
  rom.set([...units, 0x66, 0xba, ...uint16(0x3f8), 0xb0, PROBE_BYTE, 0xee, 0xf4, 0xeb, 0xfd], PROTECTED);
  // Null and flat 32-bit code segment
  rom.set([...uint32(0), ...uint32(0), 0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00], GDT);
  rom.set([...uint16(15), ...uint32(ROM_ADDRESS + GDT)], GDT_POINTER);
  // jmp 0xf000:0x0000, the start of this ROM
  rom.set([0xea, ...uint16(0), ...uint16(0xf000)], RESET_VECTOR);
  return rom;
}
