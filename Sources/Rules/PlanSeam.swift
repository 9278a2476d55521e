internal import RuleLanguage

// Seam: what the language is about to say of its recipes.
extension PlanRecipe {
  var mayBeSkipped: Bool { true }
  var words: String { "" }
}
