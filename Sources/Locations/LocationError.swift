/// What is wrong with a file of locations, in words for the one who configured it.
public struct LocationError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// For builds without the trait `Locations`.
  static let notBuiltIn = LocationError(
    "countries and networks are not built in: this weir was built without the trait Locations (libmaxminddb)")
}
