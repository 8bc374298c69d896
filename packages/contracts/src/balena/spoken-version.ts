/**
 * The release of balena's supervisor whose interfaces this one speaks. Clients compare it before they ask for more
 * (balena-cli pushes to 7.21.4 and later, and follows edits from 9.7.0 on), and so do contracts of releases. Our own version
 * counts from 0 and would tell them that the device is too old.
 */
export const SPOKEN_SUPERVISOR_VERSION = "19.0.5";
