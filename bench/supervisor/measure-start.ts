import type { Driver } from "./drivers.ts";
import type { CrowdFigures, Load, StartFigures } from "./figures.ts";
import { change } from "./measure-case.ts";
import { quantile, startToPing } from "./ping.ts";
import type { Scene } from "./scene.ts";

const CHANGES = 5;

/** From the start of a process to its first answer, ours and the bare server's in turns. */
export async function measureStart({ supervisor, bare }: Scene, { starts }: Load): Promise<StartFigures> {
  const [ours, bares]: [number[], number[]] = [[], []];
  for (let at = 0; at < starts; at += 1) {
    await supervisor.stop();
    ours.push(await startToPing(supervisor.port, () => supervisor.launch()));
    await bare.stop();
    bares.push(await startToPing(bare.port, () => bare.launch()));
  }
  await bare.stop();
  return { ours: quantile(ours, 0.5), bare: quantile(bares, 0.5) };
}

/** What it takes to change one service of few and of many. */
export async function measureCrowds(scene: Scene, driver: Driver, { crowds }: Load): Promise<CrowdFigures[]> {
  const figures: CrowdFigures[] = [];
  for (const services of crowds) {
    await change(scene, driver, { services, changed: 0, turn: 0, release: 0 });
    const times: number[] = [];
    for (let turn = 1; turn <= CHANGES; turn += 1) {
      const from = performance.now();
      await change(scene, driver, { services, changed: 0, turn, release: 0 });
      times.push((performance.now() - from) / 1000);
    }
    figures.push({ services, seconds: quantile(times, 0.5) });
  }
  return figures;
}
