/** What decides who may use the device API. */
export type ApiMode = {
  /** config.json names a fleet server. */
  readonly isManaged: boolean;
  readonly isDevelopment: boolean;
  /** The fleet, or whoever stands beside the device, asked for local mode. */
  readonly isLocalModeAsked: boolean;
};

/** By default only an unmanaged device in development mode is: nobody owns it but who stands beside it. */
export function isInLocalMode({ isManaged, isDevelopment, isLocalModeAsked }: ApiMode): boolean {
  return (!isManaged && isDevelopment) || isLocalModeAsked;
}

/** Keys guard every device that is not in development mode, local mode or not. */
export function needsApiKey(mode: ApiMode): boolean {
  return !(mode.isDevelopment && isInLocalMode(mode));
}
