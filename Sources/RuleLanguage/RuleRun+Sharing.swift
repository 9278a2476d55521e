/// Runs that came out alike.
extension RuleRun {
  /// Whether another run of the same plan did the same at RCPT, so that one of the two can go on for both; what differs
  /// between them later, RECIPIENT before all, is for the caller to know (``RulePlan/asksForRecipient``).
  ///
  /// Traces and costs are not looked at.
  public func isLike(_ other: RuleRun) -> Bool {
    guard isFinished == other.isFinished, isLate == other.isLate, outcomes.isEmpty, other.outcomes.isEmpty,
      nodes.count == other.nodes.count, symbols.names == other.symbols.names,
      journal.count == other.journal.count, options.skipped == other.options.skipped,
      options.variables == other.options.variables, options.arguments == other.options.arguments
    else { return false }
    return report.isLike(other.report) && zip(journal, other.journal).allSatisfy { $0.isLike($1) }
  }
}

extension RuleRun.JournalEntry {
  fileprivate func isLike(_ other: Self) -> Bool {
    node == other.node && hasMatched == other.hasMatched && after.isLike(other.after)
      && writes.count == other.writes.count
      && zip(writes, other.writes).allSatisfy { $0.slot == $1.slot && $0.value == $1.value }
  }
}

extension RuleRun.State {
  /// Values are told by what was written.
  fileprivate func isLike(_ other: Self) -> Bool {
    pc == other.pc && previous == other.previous && last == other.last && succeeded == other.succeeded
      && score == other.score && status == other.status && shifted == other.shifted
      && exitCode == other.exitCode && lastFolder == other.lastFolder
  }
}

extension RuleReport {
  fileprivate func isLike(_ other: Self) -> Bool {
    verdict == other.verdict && decidedBy == other.decidedBy && effects == other.effects && hits == other.hits
      && unknowns == other.unknowns && strayFolders == other.strayFolders && fault == other.fault
  }
}
