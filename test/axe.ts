import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const IMPACTS = ['critical', 'serious', 'moderate', 'minor'] as const;

const COLUMN_WIDTH = 14;

interface Findings {
  /** The number of rules that the page satisfies. */
  passed: number;
  violations: { id: string; impact: (typeof IMPACTS)[number]; nodes: { target: string[] }[] }[];
}

async function check(page: Page): Promise<Findings> {
  await page.evaluate(AXE);
  return page.evaluate<Findings>('axe.run().then(({ passes, violations }) => ({ passed: passes.length, violations }))');
}

const problemsIn = ({ violations }: Findings): string[] =>
  violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);

/** Finds what makes a page hard to use with a screen reader or a keyboard: the serious and critical findings of axe-core. */
export const accessibilityProblems = async (page: Page): Promise<string[]> => problemsIn(await check(page));

/** The results of axe-core for several pages, as a table. */
export class AccessibilityReport {
  private readonly rows: string[][] = [['page', 'look', 'rules passed', ...IMPACTS]];

  /**
   * Checks a page, and adds its results to the table.
   *
   * @param look the colours and the device of the page
   * @returns as `accessibilityProblems`
   */
  async check(page: Page, name: string, look: string): Promise<string[]> {
    const findings = await check(page);
    const found = IMPACTS.map((impact) => findings.violations.filter((violation) => violation.impact === impact));
    this.rows.push([name, look, String(findings.passed), ...found.map(({ length }) => String(length))]);
    return problemsIn(findings);
  }

  toText(): string {
    const lines = this.rows.map((row) => row.map((cell) => cell.padEnd(COLUMN_WIDTH)).join(''));
    return lines.map((line) => line.trimEnd()).join('\n');
  }
}
