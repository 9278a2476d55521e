public import Filtering
public import NetAddress

/// What files in MaxMind's format say of addresses: one with countries (or cities), one with networks, or one of them.
public struct LocationFiles: LocationSource {
  /// Whether this build can read any.
  public static var isBuiltIn: Bool {
    #if Locations
      true
    #else
      false
    #endif
  }

  #if Locations
    private let countries: LocationFile?
    private let networks: LocationFile?
  #endif

  /// Reads the files whole; what becomes of them later is of no matter. Blocks.
  ///
  /// - Parameters:
  ///   - countries: a path; nil for none.
  ///   - networks: a path; nil for none.
  public init(countries: String?, networks: String?) throws(LocationError) {
    #if Locations
      self.countries = try Self.file(countries)
      self.networks = try Self.file(networks)
    #else
      throw .notBuiltIn
    #endif
  }

  public func location(of address: IPAddress) -> Location {
    #if Locations
      var location = countries?.location(of: address) ?? Location()
      if let networks {
        let network = networks.location(of: address)
        location.network = network.network
        location.networkName = network.networkName
      }
      return location
    #else
      return Location()
    #endif
  }

  #if Locations
    private static func file(_ path: String?) throws(LocationError) -> LocationFile? {
      guard let path else { return nil }
      return try LocationFile(path)
    }
  #endif
}
