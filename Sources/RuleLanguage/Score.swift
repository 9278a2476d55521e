/// The arithmetic of procmail's scores.
enum Score {
  static let most = 2_147_483_647.0
  static let least = -2_147_483_647.0

  /// What `$=` says: the whole part, and 1 for what lies between 0 and 1.
  static func shown(_ score: Double) -> Int {
    guard score.isFinite else { return score > 0 ? Int(most) : score < 0 ? Int(least) : 0 }
    let whole = Int(max(least, min(most, score)).rounded(.towardZero))
    return whole == 0 && score > 0 ? 1 : whole
  }

  /// `base` to the power of `exponent`; NaN where there is none among the reals.
  ///
  /// Whole and half exponents come out as exact as products and square roots are, others to some 14 digits.
  static func power(_ base: Double, _ exponent: Double) -> Double {
    if exponent == 0 { return 1 }
    if exponent < 0 { return 1 / power(base, -exponent) }
    if exponent > 1024 { return base.magnitude > 1 ? .infinity : base.magnitude == 1 ? base : 0 }
    let whole = exponent.rounded(.down)
    var result = wholePower(base, Int(whole))
    let rest = exponent - whole
    guard rest > 0 else { return result }
    guard base >= 0 else { return .nan }
    guard base > 0, base.isFinite else { return base == 0 ? 0 : base }
    // What is left is a sum of halves, quarters and so on: a product of square roots.
    var root = base
    var left = rest
    for _ in 0..<52 where left > 0 {
      root = root.squareRoot()
      left *= 2
      if left >= 1 {
        result *= root
        left -= 1
      }
    }
    return result
  }

  private static func wholePower(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var factor = base
    var left = exponent
    while left > 0 {
      if left & 1 == 1 { result *= factor }
      factor *= factor
      left >>= 1
    }
    return result
  }
}
