import Filtering
import Foundation
import Locations
import NetAddress
import TestSupport
import Testing

#if Locations
  /// Files that are written here, by another hand than the one that reads them.
  @Suite(needs { LocationWriter.absence }) struct LocationFilesTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder("locations") }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func location(_ files: LocationFiles, _ address: String) throws -> Location {
      files.location(of: try #require(IPAddress(address)))
    }

    @Test func countriesAndNetworksOfAddresses() throws {
      try LocationWriter.write(
        [
          ("192.0.2.0/24", #"{"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "FR"}}"#),
          ("198.51.100.0/25", #"{"registered_country": {"iso_code": "JP"}, "continent": {"code": "AS"}}"#),
          ("203.0.113.7/32", #"{"continent": {"code": "EU"}}"#),
          ("2001:db8::/32", #"{"country": {"iso_code": "BR"}}"#),
        ], type: "Test-Country", to: path("country.mmdb"))
      try LocationWriter.write(
        [
          (
            "192.0.2.0/25",
            #"{"autonomous_system_number": 64500, "autonomous_system_organization": "Example Netz GmbH"}"#
          ),
          ("2001:db8::/48", #"{"autonomous_system_number": 4200000000}"#),
        ], type: "Test-ASN", to: path("asn.mmdb"))
      let both = try LocationFiles(countries: path("country.mmdb"), networks: path("asn.mmdb"))
      #expect(
        try location(both, "192.0.2.1")
          == Location(country: "DE", network: 64500, networkName: "Example Netz GmbH"))
      #expect(try location(both, "192.0.2.1").networkText == "AS64500 Example Netz GmbH")
      #expect(try location(both, "192.0.2.200") == Location(country: "DE"))
      #expect(try location(both, "198.51.100.127") == Location(country: "JP"))
      #expect(try location(both, "198.51.100.128") == Location())
      #expect(try location(both, "203.0.113.7") == Location())
      #expect(try location(both, "2001:db8::1") == Location(country: "BR", network: 4_200_000_000))
      #expect(try location(both, "2001:db8:1::1") == Location(country: "BR"))
      #expect(try location(both, "2001:db9::1") == Location())
      // The mapped form is the IPv4 address.
      #expect(try location(both, "::ffff:192.0.2.200") == Location(country: "DE"))
      let countries = try LocationFiles(countries: path("country.mmdb"), networks: nil)
      #expect(try location(countries, "192.0.2.1") == Location(country: "DE"))
      let networks = try LocationFiles(countries: nil, networks: path("asn.mmdb"))
      #expect(try location(networks, "192.0.2.1").country == nil)
    }

    @Test func otherProvidersWords() throws {
      try LocationWriter.write(
        [
          ("192.0.2.0/25", #"{"country_code": "de", "asn": "AS64501", "as_name": "Other"}"#),
          ("192.0.2.128/25", #"{"country": "Germany", "asn": "none", "as_name": ""}"#),
        ], type: "free", version: 4, to: path("other.mmdb"))
      let files = try LocationFiles(countries: path("other.mmdb"), networks: path("other.mmdb"))
      #expect(
        try location(files, "192.0.2.1") == Location(country: "DE", network: 64501, networkName: "Other"))
      #expect(try location(files, "192.0.2.129") == Location())
      // A file of IPv4 addresses alone.
      #expect(try location(files, "2001:db8::1") == Location())
    }

    /// Whoever copies a new file over the old one, or cuts it short, does not touch what is being read.
    @Test func theFileMayVanishUnderIt() throws {
      let file = path("country.mmdb")
      let networks = (0..<200).map { ("10.\($0).0.0/16", #"{"country": {"iso_code": "DE"}}"#) }
      try LocationWriter.write(networks, type: "Test-Country", to: file)
      let files = try LocationFiles(countries: file, networks: nil)
      let handle = try #require(FileHandle(forWritingAtPath: file))
      try handle.truncate(atOffset: 0)
      try handle.close()
      for index in 0..<200 { #expect(try location(files, "10.\(index).1.1").country == "DE") }
      try FileManager.default.removeItem(atPath: file)
      #expect(try location(files, "10.7.0.1").country == "DE")
    }

    @Test func oneServesManyThreads() async throws {
      try LocationWriter.write(
        [("192.0.2.0/24", #"{"country": {"iso_code": "DE"}}"#)], type: "Test-Country", to: path("c.mmdb"))
      let files = try LocationFiles(countries: path("c.mmdb"), networks: nil)
      let address = try #require(IPAddress("192.0.2.1"))
      let found = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            (0..<1000).reduce(0) { sum, _ in files.location(of: address).country == "DE" ? sum + 1 : sum }
          }
        }
        return await group.reduce(0, +)
      }
      #expect(found == 8000)
    }

    /// Nobody who hands us a damaged file brings the gateway down: it is refused, or says nothing that was not there.
    @Test func damagedFiles() throws {
      let file = path("sound.mmdb")
      let networks = (0..<100).map {
        ("10.\($0).0.0/16", #"{"country": {"iso_code": "D\#(["E", "K"][$0 % 2])"}, "x": {"y": "z"}}"#)
      }
      try LocationWriter.write(networks, type: "Test-Country", to: file)
      let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
      var state: UInt64 = 0x9E37_79B9_7F4A_7C15
      func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
      }
      var opened = 0
      let addresses = ["10.0.0.1", "10.99.1.1", "192.0.2.1", "255.255.255.255", "2001:db8::1", "::"]
        .compactMap {
          IPAddress($0)
        }
      for round in 0..<400 {
        var octets = sound
        if round % 4 == 0 { octets.removeLast(next(below: octets.count)) }
        for _ in 0..<(1 + round % 7) where !octets.isEmpty {
          octets[next(below: octets.count)] = UInt8(next(below: 256))
        }
        try Data(octets).write(to: URL(fileURLWithPath: path("damaged.mmdb")))
        guard let files = try? LocationFiles(countries: path("damaged.mmdb"), networks: nil) else { continue }
        opened += 1
        for address in addresses {
          let location = files.location(of: address)
          #expect(location.country.map { $0.utf8.count == 2 } ?? true)
          #expect(location.networkName.map { $0.utf8.count <= 1024 } ?? true)
        }
      }
      // Most damage lies in the data and shows only where it is read.
      #expect(opened > 20)
    }
  }

  @Suite struct LocationFaultTests {
    @Test func whatIsNoSuchFileIsSaidSo() throws {
      let folder = try ScratchFolder("locations")
      for (name, content) in [
        ("empty", ""), ("text", "country,code\n"),
        ("rubbish", String(repeating: "\u{AB}\u{CD}\u{EF}", count: 9000)),
      ] {
        let path = try folder.write(name, content)
        let error = #expect(throws: LocationError.self) { try LocationFiles(countries: path, networks: nil) }
        #expect(
          error?.description.hasPrefix("\(path): no file in MaxMind's format") == true,
          "\(String(describing: error))")
      }
      for (path, words) in [
        ("\(folder.path)/none", "there is no such file"), (folder.path, "not a file"),
        ("/dev/null", "not a file"),
      ] {
        let error = #expect(throws: LocationError.self) { try LocationFiles(countries: nil, networks: path) }
        #expect(error?.description == "\(path): \(words)")
      }
    }

    /// Neither a refused file nor one that is let go keeps a descriptor.
    @Test func descriptorsAreGivenBack() throws {
      let folder = try ScratchFolder("locations")
      let path = try folder.write("text", "no such file")
      func count() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      }
      let before = try count()
      for _ in 0..<300 { _ = try? LocationFiles(countries: path, networks: nil) }
      #expect(try count() < before + 100)
    }
  }
#else
  @Suite struct LocationsAbsentTests {
    @Test func itIsSaidThatTheyAreNotBuiltIn() {
      #expect(!LocationFiles.isBuiltIn)
      let error = #expect(throws: LocationError.self) { try LocationFiles(countries: "x", networks: nil) }
      #expect(error?.description.contains("not built in") == true)
    }
  }
#endif
