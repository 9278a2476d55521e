import Foundation

/// Writes files of countries and networks in MaxMind's format, with PyPI's `mmdb_writer`, which `Scripts/install test`
/// puts into the cache folder.
public enum LocationWriter {
  private static var packages: String { "\(PeerFolder.cache)/mmdb-writer" }

  /// Why none can be written here, or nil where one can.
  public static var absence: String? {
    if Executable.path(of: "python3") == nil { return "python3 is not installed (Scripts/install gets it)" }
    return FileManager.default.fileExists(atPath: "\(packages)/mmdb_writer")
      ? nil : "mmdb_writer is not in \(packages) (Scripts/install gets it)"
  }

  /// Writes a file.
  ///
  /// - Parameters:
  ///   - networks: JSON of what is said of it, by network; a later one lies over an earlier one.
  ///   - version: 4 or 6, the kind of addresses that the file can have at all.
  public static func write(
    _ networks: [(network: String, json: String)], type: String, version: Int = 6, to path: String
  ) throws {
    let lines = networks.map { "\($0.network) \($0.json)\n" }.joined()
    let result = try run(
      "python3", ["-c", program, path, type, "\(version)"], environment: ["PYTHONPATH": packages],
      input: Array(lines.utf8))
    guard result.succeeded else { throw HarnessFault("mmdb_writer: \(result.errors)") }
  }

  private static let program = """
    import json, sys
    from netaddr import IPSet
    from mmdb_writer import MMDBWriter, MmdbU32
    def typed(value):
        if isinstance(value, dict):
            return {key: typed(inner) for key, inner in value.items()}
        return MmdbU32(value) if isinstance(value, int) else value
    path, kind, version = sys.argv[1:]
    writer = MMDBWriter(
        ip_version=int(version), database_type=kind, ipv4_compatible=version == "6", languages=["en"])
    for line in sys.stdin:
        network, _, text = line.partition(" ")
        writer.insert_network(IPSet([network]), typed(json.loads(text)))
    writer.to_db_file(path)
    """
}
