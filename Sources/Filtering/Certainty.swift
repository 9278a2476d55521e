/// Whether a decision stands before all examinations are through.
public enum Certainty {
  /// Scores are sums of doubles, and sums in another order may differ by this.
  private static let margin = 1e-6

  /// Whether the examinations under way can still change what becomes of a stage: whether it refuses, for good or
  /// for now, and under which code. Where they cannot, `Decision` of what was found so far is the decision.
  ///
  /// At the last stage what lets a message pass waits for all of them: the score stands in its header and in the log.
  ///
  /// - Parameter examined: all that concerns the client at this stage, in the order of the findings.
  public static func isReached(_ examined: [Examined], at stage: Stage, thresholds: Thresholds) -> Bool {
    var known: [(place: Int, finding: WeighedFinding)] = []
    var open: [(place: Int, examination: OpenExamination)] = []
    for (place, one) in examined.enumerated() {
      switch one {
      case .found(let findings):
        for finding in findings where finding.mode == .enforce { known.append((place, finding)) }
      case .open(let examination): open.append((place, examination))
      }
    }
    if open.isEmpty { return true }
    let isPassing = stage < .message
    // What is in shadow mode is waited for with the message, and changes nothing.
    let acting = open.filter { $0.examination.mode == .enforce }
    let outlook = Outlook(known: known, open: acting, stage: stage)
    if let place = outlook.firstDue(.limit) { return !outlook.mayBeDue(.limit, before: place) }
    if outlook.mayBeDue(.limit) { return false }
    if known.contains(where: { $0.finding.weight.ruling == .allow }) { return isPassing }
    switch outlook.refusal(thresholds, margin: margin) {
    case .certain: return !acting.contains { $0.examination.prospect.rulings.contains(.allow) }
    case .impossible: return isPassing
    case .possible: return false
    }
  }
}

/// What stands and what may come, at one stage.
private struct Outlook {
  enum Refusal {
    case certain, possible, impossible
  }

  let known: [(place: Int, finding: WeighedFinding)]
  let open: [(place: Int, examination: OpenExamination)]
  let stage: Stage

  func firstDue(_ ruling: Ruling) -> Int? {
    known.first { $0.finding.weight.ruling == ruling && $0.finding.enforceAt <= stage }?.place
  }

  func mayBeDue(_ ruling: Ruling, before place: Int = .max) -> Bool {
    open.contains {
      $0.place < place && $0.examination.enforceAt <= stage
        && $0.examination.prospect.rulings.contains(ruling)
    }
  }

  /// Whether the finding that speaks for a refusal by score will be the same: whether nothing to come weighs as much.
  private func isSpeakerCertain(_ threshold: Double) -> Bool {
    let weight = known.map(\.finding).alone(reaching: threshold)?.weight.score ?? threshold
    return open.allSatisfy { $0.examination.prospect.each < weight }
  }

  /// Limits and allowed addresses aside.
  func refusal(_ thresholds: Thresholds, margin: Double) -> Refusal {
    for ruling in [Ruling.reject, .defer] {
      if let place = firstDue(ruling) { return mayBeDue(ruling, before: place) ? .possible : .certain }
      if mayBeDue(ruling) { return .possible }
    }
    guard thresholds.enforceAt <= stage else { return .impossible }
    // What is still to come adds at most its own weight to this, and takes away no more: so it holds of totals too.
    let score = known.map(\.finding).total
    let least = open.reduce(score) { $0 + $1.examination.prospect.least }
    let most = open.reduce(score) { $0 + $1.examination.prospect.most }
    let actions = thresholds.actions(between: least - margin, and: most + margin)
    guard actions.contains(where: { $0 == .reject || $0 == .deferral }) else { return .impossible }
    guard actions.count == 1, let threshold = thresholds.threshold(of: actions[0]) else { return .possible }
    return isSpeakerCertain(threshold) ? .certain : .possible
  }
}
