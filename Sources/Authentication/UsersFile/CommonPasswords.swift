/// What is tried first, from the tops of the published lists of stolen passwords; in small letters.
enum CommonPasswords {
  /// Words that passwords are made of.
  static let words = Set(
    """
    password passwort passwd passw pass word parola haslo heslo salasana contrasena contrasenya senha motdepasse
    wachtwoord geheim secret secure security login logon admin administrator administrador root toor user users
    guest test tester testing temp temporary default changeme change letmein welcome willkommen bienvenue hello
    hallo hola master system server mail mailer email postmaster webmaster info office support service contact
    sales backup private public access enter internet computer network windows linux oracle cisco apple google
    facebook yahoo hotmail gmail outlook microsoft qwerty qwertz azerty qwertyuiop asdf asdfgh asdfghjkl zxcvbn
    zxcvbnm qazwsx abc abcd abcdef iloveyou love lover loveme sweet sweetheart honey darling baby babygirl angel
    princess prince queen king sunshine sun moon star stars starwars summer winter spring autumn monday friday
    january february march april june july august september october november december football fussball soccer
    baseball basketball hockey golf tennis dragon monkey tiger lion eagle wolf bear shadow ninja batman superman
    spiderman pokemon naruto minecraft fortnite hunter ranger soldier killer warrior trustno trust whatever
    nothing cheese chocolate cookie banana orange apples pepper ginger flower rose jasmine daisy lily michael
    jordan thomas andrew daniel charlie george robert william james joshua matthew anthony david jessica ashley
    jennifer michelle nicole hannah maggie samantha amanda harley mustang ferrari porsche mercedes corvette
    yamaha honda london paris berlin madrid america england france germany liverpool chelsea arsenal barcelona
    freedom forever family friends money lucky happy snoopy jesus christ heaven blessed purple yellow silver
    golden black white green blue red please the and you my your new old for pro one two three
    """.split { $0 == " " || $0 == "\n" }.map(String.init))

  /// Whole passwords of ten characters and more that are not made of them.
  static let whole = Set(
    """
    1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 1qazxsw23edc q1w2e3r4t5y6 qwer1234asdf a1b2c3d4e5 a1s2d3f4g5 1a2b3c4d5e
    abc123456789 123456789a 123456789abc 1234567890a 12345678910 9876543210 0987654321 0123456789 1029384756
    qwerty123456 qwe123asd456 asd123qwe456 zxcvbnm123456 correcthorse correcthorsebatterystaple
    correct-horse-battery-staple trustno1trustno1 thisisapassword supersecret ncc1701ncc1701 rockyou123
    letmeinnow openopenopen unknown123 iwillsurvive mypassword1 michaeljordan23 passwordpassword 1234qwerasdf
    """.split { $0 == " " || $0 == "\n" }.map(String.init))
}
