/// A backend of users that can be asked whether it is there: what `weir check` does.
public protocol ReachableBackend: Sendable {
  /// Why it cannot serve anybody now, in words for the operator; nil where it answers.
  func obstacle() async -> String?
}
