import * as z from "zod";

const text = z.string().min(1).optional().catch(undefined);
/** Written as a number or as its text, by the supervisor, by installers and by tools. */
const number = z
  .union([
    z.int().nonnegative(),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ])
  .optional()
  .catch(undefined);

const identitySchema = z.object({
  uuid: text,
  apiEndpoint: text,
  /** The provisioning key. */
  apiKey: text,
  deviceApiKey: text,
  deviceId: number,
  registered_at: number,
  applicationId: number,
  userId: number,
});
/** What config.json says of the device's place at its server (compat 1.3); what cannot be used counts as not there. */
export type Identity = z.infer<typeof identitySchema>;

/** Reads the identity out of config.json's content. */
export const identityOf = (content: Readonly<Record<string, unknown>>): Identity => identitySchema.parse(content);
