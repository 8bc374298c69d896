import type { Step } from "../plan/step.ts";

/** A step in the words of compat 9: what is said when it begins, when it is done and when it failed. */
export type StepWords = {
  readonly begin?: string;
  readonly because?: string;
  readonly done?: string;
  readonly failed: string;
  readonly object: string;
};

/** The log lines of a step: `<words> '<object>'[ due to '<error>']`. */
export function describeStep(step: Step): StepWords {
  switch (step.do) {
    case "create-network":
      return { begin: "Creating network", failed: "Error creating network", object: step.network.name };
    case "remove-network":
      return { begin: "Removing network", failed: "Error removing network", object: step.name };
    case "create-volume":
      return { begin: "Creating volume", failed: "Error creating volume", object: step.volume.name };
    case "remove-volume":
      return { begin: "Removing volume", failed: "Error removing volume", object: step.name };
    case "pull-image":
      return {
        begin: "Downloading image",
        done: "Downloaded image",
        failed: "Failed to download image",
        object: step.image,
      };
    case "remove-image":
      return { begin: "Deleting image", done: "Deleted image", failed: "Failed to delete image", object: step.image };
    case "create-container": {
      const object = `${step.spec.service} ${step.spec.image}`;
      return { begin: "Installing service", done: "Installed service", failed: "Failed to install service", object };
    }
    default:
      return describeContainerStep(step);
  }
}

type ContainerStep = Extract<Step, { readonly of: unknown }>;

function describeContainerStep(step: ContainerStep): StepWords {
  const object = `${step.of.service} ${step.of.image}`;
  switch (step.do) {
    case "start-container":
      return { begin: "Starting service", done: "Started service", failed: "Failed to start service", object };
    case "restart-container": {
      const because = step.isUnhealthy === true ? { because: "its healthcheck fails" } : {};
      return { begin: "Restarting service", ...because, failed: "Failed to restart service", object };
    }
    case "stop-container":
      return { begin: "Killing service", done: "Killed service", failed: "Failed to kill service", object };
    case "remove-container":
      return { begin: "Removing dead container", failed: "Failed to kill service", object };
    case "rename-container":
      return {
        begin: "Updating config for service",
        done: "Updated config for service",
        failed: "Failed to update config for service",
        object,
      };
    case "connect-network":
      return { failed: `Error joining network ${step.network}`, object };
  }
}
