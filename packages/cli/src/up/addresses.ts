import type { Vm } from "@holdfast/vm";

/** What a person does with a running virtual device. */
export type Addresses = {
  readonly page?: string;
  readonly api?: string;
  readonly ssh: string;
};

/** Where the forwarded ports of a virtual device lead. Pure. */
export function addressesOf(vm: Pick<Vm, "name" | "ports">): Addresses {
  const url = (port: string): string | undefined => {
    const host = vm.ports[port]?.host;
    return host === undefined ? undefined : `http://127.0.0.1:${host}`;
  };
  const [page, api] = [url("http"), url("api")];
  return {
    ...(page === undefined ? {} : { page: `${page}/` }),
    ...(api === undefined ? {} : { api }),
    ssh: `./holdfast vm ssh ${vm.name}`,
  };
}
