import assert from "node:assert/strict";
import { test } from "node:test";
import {
  add,
  compare,
  forPixels,
  isNegative,
  partForPixels,
  readAmount,
  showAmount,
  showChange,
  size,
  subtract,
} from "../source/books/decimal";

test("sums are exact where binary numbers are not", () => {
  assert.equal(add("0.1", "0.2"), "0.3");
  assert.equal(subtract("0.3", "0.1"), "0.2");
  assert.equal(add("9007199254740993.000001", "0.000001"), "9007199254740993.000002");
});

test("a difference below zero keeps its sign and its decimals", () => {
  assert.equal(subtract("0.25", "1"), "-0.75");
  assert.equal(add("-0.000001", "0"), "-0.000001");
  assert.equal(size("-0.75"), "0.75");
  assert.ok(isNegative("-0.000001"));
});

test("amounts are shown in groups, without anything being rounded", () => {
  assert.equal(showAmount("1234567.000001"), "1,234,567.000001");
  assert.equal(showAmount("-1204.5"), "\u22121,204.5");
  assert.equal(showAmount("12", 2), "12.00");
  assert.equal(showAmount("999.125", 2), "999.125");
  assert.equal(showChange("40"), "+40");
  assert.equal(showChange("0"), "0");
});

test("amounts are compared by what they are worth, not by their letters", () => {
  assert.equal(compare("10", "9.999999"), 1);
  assert.equal(compare("1.10", "1.1"), 0);
  assert.equal(compare("-2", "1"), -1);
});

test("what is no amount is not taken for one", () => {
  for (const text of ["", " ", "1e3", "NaN", "0x10", "1,000", ".5", "5.", "1.1234567", "--1"]) {
    assert.equal(readAmount(text), null, text);
  }
  assert.equal(readAmount(" 12.5 "), 12_500_000n);
});

test("pixels may be numbers, and never leave their place", () => {
  assert.equal(forPixels("12.5"), 12.5);
  assert.equal(partForPixels("30", "40"), 0.75);
  assert.equal(partForPixels("50", "40"), 1);
  assert.equal(partForPixels("5", "0"), 0);
});
